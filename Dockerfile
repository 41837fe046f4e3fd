# Clapper in a container: `docker build -t clapper . && docker run --env-file .env -v clapper:/data clapper`
# For both architectures: `docker buildx build --platform linux/amd64,linux/arm64 .`; each package has a wheel for either.
# It writes to /data and /tmp alone: `--read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges` are fine.

FROM python:3.13-slim-bookworm AS build
COPY requirements/runtime.txt /build/runtime.txt
RUN python -m venv /opt/clapper \
 && /opt/clapper/bin/python -m pip install --no-cache-dir --require-hashes --no-deps --only-binary :all: -r /build/runtime.txt

FROM python:3.13-slim-bookworm
COPY --from=build /opt/clapper /opt/clapper
COPY bot /srv/clapper/bot
COPY cogs /srv/clapper/cogs
RUN /opt/clapper/bin/python -m compileall -q /srv/clapper \
 && useradd --system --uid 10001 --home-dir /data --create-home clapper
LABEL org.opencontainers.image.title=clapper org.opencontainers.image.licenses="MIT AND GPL-2.0-or-later"
WORKDIR /srv/clapper
USER 10001
ENV PATH=/opt/clapper/bin:$PATH PYTHONUNBUFFERED=1 DATA_DIR=/data HTTP_HOST=0.0.0.0 LOG_FORMAT=json
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen('http://127.0.0.1:' + os.environ.get('HTTP_PORT', '8080') + '/healthz', timeout=4)"]
ENTRYPOINT ["python", "-m", "bot"]
CMD ["run"]

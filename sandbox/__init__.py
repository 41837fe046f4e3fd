"""Stand-ins for the services that Clapper talks to, and a page to try it on: a program of its own."""

"""Making the clips: `task` says what is wanted, `scenes` draws it frame by frame, `clips` reads and writes MP4, and
`worker` does one task after another in a process of its own, which `pool` hands them to."""

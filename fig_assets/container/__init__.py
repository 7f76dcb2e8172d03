"""Own training code inside of a container, or of a process that looks like one: its programs."""

"""The shell: ports, bodies, the examination pool, and the life of the process."""

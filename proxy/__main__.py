"""`python -m proxy` is `facegate`."""

from proxy.cli import main

if __name__ == "__main__":
    main()

"""`python -m filterd`: the command line."""

from filterd.cli import main

if __name__ == "__main__":
    main()

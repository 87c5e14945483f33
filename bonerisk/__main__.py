"""`python -m bonerisk`: the command line, where the console script is not on the path."""

from bonerisk.cli import main

if __name__ == "__main__":
    main()

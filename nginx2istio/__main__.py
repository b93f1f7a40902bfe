"""``python -m nginx2istio``, and the commands that pip installs."""

import gc

from nginx2istio.cli import main as cli


def main() -> None:
    """Runs the command line in a process of its own.

    Nothing there leaves cycles behind, and the garbage collector would take a third of the time.
    """
    gc.disable()
    cli()


if __name__ == "__main__":
    main()

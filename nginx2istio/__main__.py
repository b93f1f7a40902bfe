"""``python -m nginx2istio``, and the commands that pip installs."""

from nginx2istio.cli import main

if __name__ == "__main__":
    main()

"""The parts of peers.py: the same network on our engine and on its peers."""

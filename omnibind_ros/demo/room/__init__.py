"""The demo of a simulated robot that comes upon objects, with plugs that are pulled."""

"""Files of sensors: from a file to the messages that a driver would publish, and what they show.

`formats/` opens files, `folder.py` lists folders of classes, `perceiver.py` puts the messages
through the parts of the engine that the perception node has. The modules of this room import
neither ROS nor torch.
"""

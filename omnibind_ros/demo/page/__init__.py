"""The page `omnibind view`: what a robot senses and says, in a browser.

`state` holds what ROS says, `tiles` turns the newest messages into pictures, `server` serves both,
and `elements` makes the page. Nothing here imports ROS: `nodes/view_client.py` feeds it.
"""

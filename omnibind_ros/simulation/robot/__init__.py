"""A robot that comes upon one object after the other, without ROS.

- `route`: where its sensors stand while it drives past an object, and when its pad is pressed.
- `rendering`: what its sensors measure of one object.
- `views`: such measurements in files, read message by message.
- `rendered`: the folder of these files; objects are rendered ahead, in processes of their own.
- `story`: which object is shown when, and by which sensor; lies and missing sensors.
- `playing`: when each message of a story is due.
- `config`: the parameters of the node.
"""

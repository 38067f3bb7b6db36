"""What range sensors see beside the object, and the frames that they give points in."""

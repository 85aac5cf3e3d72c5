"""What drives the robot when nobody does: networks, their files, and the seam they share."""

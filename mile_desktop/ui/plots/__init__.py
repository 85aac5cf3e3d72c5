"""What every plot has: axes with units, values under the mouse and the arrow keys, a menu to copy and save."""

"""Make the pictures of the documentation from the program itself: `tools/docs-pictures`."""

"""What a deployment costs a month, reckoned from its stack files and one dated table of prices."""

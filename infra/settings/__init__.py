"""What a stack file may say, setting by setting, and what a stack gets where it says nothing. Pure."""

"""What whoever deploys or drills has to be allowed to, made from the resource types that the stacks register."""

"""What the operator has: the supervisor of web and worker, health and doctor, backups and the way between databases."""

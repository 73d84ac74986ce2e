"""What people run at their desk: `python -m synthesis`. No server, no database, the same marks and the same rules."""

"""What Clapper believes: pure rules, with no I/O and no clock of their own."""

"""How the tables came to be, one step a released change. A released step is never edited."""

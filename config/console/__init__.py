"""Page toolkit shared by every app: the lowest layer, it knows no app."""

"""What people do in a real Chromium, against the running product."""

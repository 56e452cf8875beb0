"""What providers that speak HTTP share: a guarded client, what answers mean, and a sender."""

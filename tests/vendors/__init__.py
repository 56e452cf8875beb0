"""Local servers that speak the vendors' documented protocols, faults included; what a new provider is tested against."""

"""A partner: any HTTP service, its request written as a Liquid template."""

"""The sandbox: stands for any kind of channel and can be told to fail, delay or throttle."""

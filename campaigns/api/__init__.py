"""The HTTP API under /api/v1: endpoints parse, call one service and answer; what is allowed is the services' business."""

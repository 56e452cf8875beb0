"""Mail and HTTP servers that only receive: processes of their own, with a journal the product never reads."""

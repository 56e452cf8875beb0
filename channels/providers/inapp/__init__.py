"""In-app messages: kept in our own database, read by the customer's app through the inbox API."""

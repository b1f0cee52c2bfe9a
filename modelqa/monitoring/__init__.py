"""Runs into the monitoring that teams have: text files, a Pushgateway, a page that is scraped."""

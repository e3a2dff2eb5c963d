"""Scores of newsfilter and its peers, the report on them and the gate. Offline only."""

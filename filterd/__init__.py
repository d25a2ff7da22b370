"""filterd: a DNS filter for families and schools."""

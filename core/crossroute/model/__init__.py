"""The network and what it reads: outcomes to profiles, profiles and a query to quality and cost."""

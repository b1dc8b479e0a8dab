"""Files of queries routed block by block: what is finished stays, and is not done twice."""

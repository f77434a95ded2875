"""Jobs of the RQ workers: everything slow or rare, each a few lines that call the bridge."""

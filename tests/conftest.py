"""For all tests: nothing is fetched from the Internet. What tests the fetching has a server of its own."""

import os

os.environ["FILTERD_SYNC"] = "0"
os.environ["FILTERD_PRESENCE"] = "0"  # no test watches the network of the machine that it runs on

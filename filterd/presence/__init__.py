"""What is seen on the network: raw packets and neighbour events in, sightings out. See README.md."""

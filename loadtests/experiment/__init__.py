"""Plans and runs what is measured: blocks of turns of services side by side, and rates searched for."""

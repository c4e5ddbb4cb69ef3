"""What is measured: servers and programs, each started as a process and known from outside."""

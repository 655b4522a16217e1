// The other member of the static library: the one that the program calls.
int of_the_archive() { return 1; }

// What else is in the library of kernels.
int version_of_the_kernels() { return 1; }

#include "cli/command_line.h"

int main(int argc, char** argv) { return flatkv::cli::RunCommandLine(argc, argv); }

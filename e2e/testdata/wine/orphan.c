/* orphan GO COMMAND: starts a command that has our stdin and stdout, and ends when the
   file GO is there. */
#include <windows.h>

int wmain(int argc, wchar_t **argv) {
  STARTUPINFOW start = {sizeof start};
  PROCESS_INFORMATION child;
  if (argc != 3 || !CreateProcessW(NULL, argv[2], NULL, NULL, TRUE, 0, NULL, NULL, &start, &child)) return 1;
  while (GetFileAttributesW(argv[1]) == INVALID_FILE_ATTRIBUTES) Sleep(20);
  return 0;
}

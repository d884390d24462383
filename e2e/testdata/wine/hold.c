/* hold FILE [delete]: has a file open for reading until stdin ends, as most programs
   do; with "delete" so that it can be replaced. Prints "open" when it is. */
#include <stdio.h>
#include <windows.h>

int wmain(int argc, wchar_t **argv) {
  DWORD share = FILE_SHARE_READ | FILE_SHARE_WRITE | (argc > 2 && argv[2][0] ? FILE_SHARE_DELETE : 0);
  HANDLE file = CreateFileW(argv[1], GENERIC_READ, share, NULL, OPEN_EXISTING, 0, NULL);
  if (file == INVALID_HANDLE_VALUE) return 1;
  puts("open");
  fflush(stdout);
  while (getchar() != EOF) {
  }
  CloseHandle(file);
  return 0;
}

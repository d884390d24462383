/* What Go needs of bcryptprimitives.dll and Wine before version 9 does not have. */
#include <windows.h>

BOOLEAN WINAPI SystemFunction036(PVOID, ULONG); /* RtlGenRandom */

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T n) {
  while (n > 0) {
    ULONG part = n > 0x10000000 ? 0x10000000 : (ULONG)n;
    if (!SystemFunction036(data, part)) return FALSE;
    data += part;
    n -= part;
  }
  return TRUE;
}

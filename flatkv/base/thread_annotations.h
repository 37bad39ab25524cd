// Clang thread-safety attributes; they vanish under other compilers. The clang preset turns
// violations into errors. https://clang.llvm.org/docs/ThreadSafetyAnalysis.html
#pragma once

#if defined(__clang__)
#define FLATKV_ATTRIBUTE(x) __attribute__((x))
#else
#define FLATKV_ATTRIBUTE(x)
#endif

// Abseil's headers define these three too, with the same meaning.
#undef GUARDED_BY
#undef PT_GUARDED_BY
#undef NO_THREAD_SAFETY_ANALYSIS

#define CAPABILITY(x) FLATKV_ATTRIBUTE(capability(x))
#define SCOPED_CAPABILITY FLATKV_ATTRIBUTE(scoped_lockable)
#define GUARDED_BY(x) FLATKV_ATTRIBUTE(guarded_by(x))
#define PT_GUARDED_BY(x) FLATKV_ATTRIBUTE(pt_guarded_by(x))
#define REQUIRES(...) FLATKV_ATTRIBUTE(requires_capability(__VA_ARGS__))
#define REQUIRES_SHARED(...) FLATKV_ATTRIBUTE(requires_shared_capability(__VA_ARGS__))
#define ACQUIRE(...) FLATKV_ATTRIBUTE(acquire_capability(__VA_ARGS__))
#define ACQUIRE_SHARED(...) FLATKV_ATTRIBUTE(acquire_shared_capability(__VA_ARGS__))
#define RELEASE(...) FLATKV_ATTRIBUTE(release_capability(__VA_ARGS__))
#define RELEASE_SHARED(...) FLATKV_ATTRIBUTE(release_shared_capability(__VA_ARGS__))
#define RELEASE_GENERIC(...) FLATKV_ATTRIBUTE(release_generic_capability(__VA_ARGS__))
#define EXCLUDES(...) FLATKV_ATTRIBUTE(locks_excluded(__VA_ARGS__))
#define NO_THREAD_SAFETY_ANALYSIS FLATKV_ATTRIBUTE(no_thread_safety_analysis)

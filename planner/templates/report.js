const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
const watcher = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (isIntersecting && !still) target.play().catch(() => {});
    else target.pause();
  }
}, { threshold: 0.35 });
for (const video of document.querySelectorAll("video")) {
  watcher.observe(video);
  const toggle = () => (video.paused ? video.play().catch(() => {}) : video.pause());
  video.addEventListener("click", toggle);
  video.addEventListener("keydown", (event) => event.key === "Enter" && toggle());
}

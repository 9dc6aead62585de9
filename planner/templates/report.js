const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
const watcher = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (isIntersecting && !still) target.play().catch(() => {});
    else target.pause();
  }
}, { threshold: 0.35 });

/** Let the clips below `root` play while they are in view, and start or stop at a click or Enter. */
function playClips(root) {
  for (const video of root.querySelectorAll("video")) {
    watcher.observe(video);
    const toggle = () => (video.paused ? video.play().catch(() => {}) : video.pause());
    video.onclick = toggle;
    video.onkeydown = (event) => event.key === "Enter" && toggle();
  }
}

playClips(document);

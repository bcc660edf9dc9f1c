// What would keep somebody from reading this page: contrast, small targets, missing labels, sideways scrolling.
const found = [];
const hidden = ".visually-hidden, .skip, math, svg, [hidden]";

const luminance = (colour) => {
  const [r, g, b] = colour.match(/[\d.]+/g).slice(0, 3).map((part) => part / 255)
    .map((part) => part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const background = (element) => {
  for (; element; element = element.parentElement) {
    const colour = getComputedStyle(element).backgroundColor;
    if (colour !== "rgba(0, 0, 0, 0)") return colour;
  }
  return "rgb(255, 255, 255)";
};
const says = (element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
const name = (element) => `${element.tagName.toLowerCase()}.${element.className} ${element.textContent.trim().slice(0, 20)}`;
// WCAG 2.5.8 excepts links in a sentence.
const inSentence = (element) => element.closest("p:not(.quiet, .tags, .kicker, .feeds), dd, .prose, .abstract, .pair, h1, h2, h3, td");

document.querySelectorAll("details").forEach((details) => { details.open = true; });
for (const element of document.querySelectorAll("body *")) {
  const box = element.getBoundingClientRect();
  if (!box.width || !box.height || element.closest(hidden)) continue;
  if (says(element)) {
    const pair = [luminance(getComputedStyle(element).color), luminance(background(element))].sort((a, b) => b - a);
    const contrast = (pair[0] + 0.05) / (pair[1] + 0.05);
    if (contrast < 4.5) found.push(`contrast ${contrast.toFixed(2)}: ${name(element)}`);
  }
  if (element.matches("a, button, summary, input, textarea") && !inSentence(element) && Math.min(box.width, box.height) < 23.9) {
    found.push(`target ${box.width.toFixed()}×${box.height.toFixed()}: ${name(element)}`);
  }
}
for (const field of document.querySelectorAll("input, textarea")) if (!field.labels.length) found.push(`no label: ${field.name}`);
const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
ids.filter((id, at) => ids.indexOf(id) !== at).forEach((id) => found.push(`id twice: ${id}`));
if (document.querySelectorAll("h1").length !== 1) found.push("not one h1");
if (!document.documentElement.lang) found.push("no lang");
if (document.documentElement.scrollWidth > innerWidth) found.push(`wider than the window: ${document.documentElement.scrollWidth}`);
return found;

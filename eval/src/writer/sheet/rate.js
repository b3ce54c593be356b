// Ratings stay in this page until the rater saves them as a file.
const form = document.querySelector("form");
const pairs = [...form.querySelectorAll("section")].length;
const told = () => {
  const data = new FormData(form);
  const numbers = Array.from({ length: pairs }, (_, at) => String(at + 1));
  return numbers
    .filter((number) => data.get(number))
    .map((number) => ({ number: Number(number), choice: data.get(number), why: data.get(`why-${number}`) || null }));
};
const count = () => {
  document.querySelector("#left").textContent = `${told().length} / ${pairs}`;
};
form.addEventListener("change", count);
document.querySelector("#save").addEventListener("click", () => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([JSON.stringify(told(), null, 2)], { type: "application/json" }));
  link.download = "ratings.json";
  link.click();
  URL.revokeObjectURL(link.href);
});
count();

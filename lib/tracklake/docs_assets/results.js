// "Failed Only" and "Show All" of a page of results, and what can be unfolded.
function showAllValidations() {
  document.querySelectorAll("[data-hidden]").forEach((part) => {
    part.hidden = false;
    part.removeAttribute("data-hidden");
  });
}

function hideSucceededValidations() {
  const met = document.querySelectorAll(".hide-succeeded-validation-target-child");
  const hide = (part) => {
    part.hidden = true;
    part.setAttribute("data-hidden", "");
  };
  met.forEach((cell) => hide(cell.closest("tr")));
  document.querySelectorAll(".hide-succeeded-validation-target").forEach(hide);
  document.querySelectorAll(".ge-section").forEach((section) => {
    const rows = [...section.querySelectorAll("tr")];
    if (section.querySelector(".hide-succeeded-validations-column-section-target-child") && rows.length) {
      hide(section);
    }
  });
}

document.querySelectorAll('[data-toggle="collapse"]').forEach((link) => {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    const body = link.closest("div").querySelector(".collapse");
    if (body) body.classList.toggle("show");
  });
});

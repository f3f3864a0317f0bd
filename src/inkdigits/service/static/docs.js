// Shows openapi.json in the element #swagger. In: SwaggerUIBundle. Out: the page.
SwaggerUIBundle({ url: "openapi.json", dom_id: "#swagger", deepLinking: true, validatorUrl: null });

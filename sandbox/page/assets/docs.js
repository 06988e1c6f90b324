// Starts the viewer on the document that the page names, with the sandbox's keys filled in.
"use strict";
const place = document.getElementById("viewer");
const keys = place.dataset;
const viewer = SwaggerUIBundle({
  domNode: place,
  url: keys.document,
  deepLinking: true,
  validatorUrl: null,
  tryItOutEnabled: true,
  displayRequestDuration: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  persistAuthorization: false,
  onComplete() {
    viewer.preauthorizeApiKey("APIKeyHeader", keys.ding);
    viewer.preauthorizeApiKey("apikey", keys.dizlee);
    viewer.initOAuth({ clientId: keys.client, clientSecret: keys.secret });
  },
});
